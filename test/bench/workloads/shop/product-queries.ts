/** The catalogue and what of it sells. */
export const PRODUCT_QUERIES = [
  `SELECT * FROM products WHERE sku = 'SKU-012345'`,
  `UPDATE products SET stock = stock - 1 WHERE sku = 'SKU-023456' AND stock > 0`,
  `SELECT id, name, price FROM products WHERE category_id = 12 AND active ORDER BY price LIMIT 24`,
  `SELECT count(*) FROM products WHERE tags && ARRAY['vegan', 'organic'] AND active`,
  `SELECT id, name FROM products WHERE tags @> ARRAY['handmade', 'recycled']`,
  `SELECT id, name FROM products WHERE attributes @> '{"colour": "teal", "size": "XS"}' AND active`,
  `SELECT id, name FROM products WHERE name LIKE 'Copper Lamp 1%' ORDER BY name LIMIT 20`,
  `SELECT id, name FROM products WHERE name ILIKE '%nordic teapot%'`,
  `SELECT sum(quantity) FROM order_items WHERE product_id = 12345`,
  `SELECT o.id, o.created_at FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_id = 23456 ORDER BY o.created_at DESC LIMIT 10`,
  `SELECT p.id, p.sku FROM products p WHERE p.category_id = 12 AND NOT EXISTS (SELECT 1 FROM order_items i WHERE i.product_id = p.id)`,
]
