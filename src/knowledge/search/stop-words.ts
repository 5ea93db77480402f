/**
 * Words that say nothing of a text's subject. Fewer than Snowball's: `not`, `only`, `all`, `before` and the like are words of SQL or tell two sections apart.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above am an and are aren as at be been being both but by can cannot cant could couldn d did didn do does doesn doesnt doing don dont down for from
  had has hasn have haven having he her here hers him his how i if ill im in into is isn isnt it its itself ive just ll m me might mine more most must my myself
  nor now of off on or other our ours out own please re s same shall she should shouldn so some such t than that the their theirs them themselves then there
  these they this those through to too us ve very was wasn we were weren what when where which while who whom why will with won would wouldn you your yours
  actually any anybody anyhow anyone anything even ever everybody everything get gets getting go goes going got happen happens like lot lots make makes making
  need needs really say says somebody something sometimes somehow still sure tell tells thing things want wants way whether else yet also anyway may`.split(
    /\s+/,
  ),
)
