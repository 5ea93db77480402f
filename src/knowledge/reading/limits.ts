/** How much of a file is read. All in one place, so that memory has a bound whatever lies in a folder. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024
/** Markdown, AsciiDoc and reStructuredText: what a person writes by hand is smaller, and their parsers are slower than HTML's. */
export const MAX_MARKUP_BYTES = 512 * 1024
/** Elements open at once. Browsers stop at 512. */
export const MAX_DEPTH = 500
export const MAX_ELEMENTS = 150_000
export const MAX_FOLDER_DEPTH = 40
export const MAX_FILES = 100_000
/** Of a term, a title or a piece of a breadcrumb. */
export const MAX_TITLE_CHARACTERS = 300
/** Columns of a table; a span that says more is believed to this. */
export const MAX_COLUMNS = 200
export const MAX_ROW_SPAN = 2_000
/** Of a packed mbox: a year of a busy list is a fifth of this. */
export const MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
