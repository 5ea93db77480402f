export const COUNTRIES = ['DE', 'DE', 'DE', 'FR', 'FR', 'GB', 'GB', 'US', 'US', 'US', 'US', 'NL', 'ES', 'IT', 'SE', 'PL', 'AT', 'CH', 'IS']

export const FIRST_NAMES = (
  'Ada Grace Alan Edsger Barbara Donald Frances Ken Dennis Radia Tim Margaret John Katherine Niklaus Hedy Claude Mary Annie Linus Shafi ' +
  'Silvio Leslie Butler Jean Adele Guido Bjarne Karen Evelyn'
).split(' ')

export const LAST_NAMES = (
  'Lovelace Hopper Turing Dijkstra Liskov Knuth Allen Thompson Ritchie Perlman Lee Hamilton Backus Johnson Wirth Lamarr Shannon Jackson ' +
  'Easley Torvalds Goldwasser Micali Lamport Lampson Sammet Goldberg Rossum Stroustrup Jones Berezin Codd Stonebraker Gray Date Boyce ' +
  'Chamberlin Selinger Bachman Astrahan Lorie Traiger Putzolu Blasgen Wade Mohan Haerder Reuter Bernstein Goodman Hadzilacos'
).split(' ')

export const ADJECTIVES =
  'Copper Walnut Linen Marble Brass Velvet Bamboo Slate Amber Ivory Cobalt Crimson Rustic Modern Vintage Nordic'.split(' ')
export const THINGS = (
  'Lamp Table Chair Vase Shelf Mirror Clock Kettle Teapot Candle Cushion Blanket Basket Stool Rug Curtain Desk Bench Cabinet Frame Bowl ' +
  'Plate Mug Tray Hook'
).split(' ')
export const COLOURS = 'red blue green black white teal olive navy maroon grey pink orange violet brown beige gold silver coral'.split(' ')

/** Some are on many products. */
export const TAGS = (
  'new new new new new sale sale sale sale sale popular popular popular popular gift gift gift wood wood metal metal textile textile kitchen ' +
  'office garden bath outdoor vegan organic limited handmade recycled refurbished fairtrade local premium eco clearance exclusive'
).split(' ')

export const SENTENCE = (
  'invoice order parcel delivery question refund overdue reminder welcome thanks about your the last new update on for we sent received ' +
  'please see attached list of items account payment missing again tomorrow'
).split(' ')
