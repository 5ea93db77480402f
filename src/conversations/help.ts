/** What one can ask for; Markdown. */
export function helpText(): string {
  return `Begin a line with one of these, the first in a comment counts; \`/pgwitness\` instead of the mention will do as well.

| | |
|---|---|
| \`@pgwitness review\` | review the newest commit again, a draft too |
| \`@pgwitness review with data 5f3c2a1b\` | the same where production\u2019s data is, for a change by somebody who may not write here; the commit is the one you looked at, and holds for it alone |
| \`@pgwitness explain 1a2b3c4d\` | all that is known about a finding, by the number it has in the summary; in its own thread without the number |
| \`@pgwitness plan select \u2026\` | the plan of a query, with the change applied; also in a code block below |
| \`@pgwitness try index on orders (customer_id) for select \u2026\` | whether the query takes the index, and what that saves |
| \`@pgwitness ignore 1a2b3c4d: the table is empty\` | mute a finding in this change, with a reason |
| \`@pgwitness help\` | this |`
}
