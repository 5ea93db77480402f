/** Parts of the manual for those who extend Postgres or write clients in C: they say the same words, and hardly anybody asks for them without naming them. */
import type { PassageRow } from './find-passages.ts'
import { readWords } from './lexemes.ts'
import type { WeighedConcept } from './weigh.ts'

const ASIDE =
  /^(?:libpq\b|ECPG|Extending SQL|Writing a |Native Language Support|Server Programming Interface|SPI_|GiST Indexes|SP-GiST Indexes|GIN Indexes|BRIN Indexes|B-Tree Indexes|Generic WAL|Custom WAL|Index Access Method|Table Access Method|Genetic Query|PL\/Tcl|PL\/Perl|PL\/Python|The Information Schema|System Catalogs|Regression Tests|Installation from Source|Overview of PostgreSQL Internals|Frontend\/Backend Protocol|PostgreSQL Coding|SQL Conformance|Date\/Time Support|Documentation|The Source Code|Background Worker|Logical Decoding|Replication Progress|Archive Modules|Bibliography|Acronyms|Glossary|Preface|Large Objects|Event Triggers|Configuring the Colors|How the Planner Uses|Additional Supplied Modules|System Catalog Decl|Backup Manifest|SQL Key Words|Obsolete|Tutorial)/
const MEANT_FOR = new Set(['manual', 'release-notes'])

/** Whether it is for those who ask: also an aside that the question names. */
export function audience(row: PassageRow, concepts: readonly WeighedConcept[]): boolean {
  if (!MEANT_FOR.has(row.type)) return true
  const aside = [row.title, ...row.breadcrumb].find((title) => ASIDE.test(title))
  if (aside === undefined) return true
  const asked = new Set(concepts.flatMap(({ forms }) => (forms[0]?.lexemes.length === 1 ? forms[0].lexemes : [])))
  const [first] = readWords(aside)
  return (
    (first?.whole !== null && asked.has(first?.whole ?? '')) ||
    (first?.parts.some(({ stem }) => asked.has(stem) && stem.length > 3) ?? false)
  )
}
