-- One row for each store and day. Lines whose product the catalogue does not know stay in revenue and lines and are
-- counted apart; money is summed in cents, so that a second run gives the same rows.
SELECT
  s.store_id,
  CAST(s.transaction_timestamp AS DATE) AS day,
  CAST(SUM(CAST(s.sales_value AS DECIMAL(12, 2))) AS DOUBLE) AS revenue,
  COUNT(DISTINCT s.basket_id) AS baskets,
  COUNT(*) AS lines,
  CAST(SUM(s.quantity) AS BIGINT) AS pieces,
  CAST(SUM(CAST(CASE WHEN p.brand = 'Private' THEN s.sales_value ELSE 0 END AS DECIMAL(12, 2))) AS DOUBLE)
    AS private_brand_revenue,
  COUNT(*) FILTER (WHERE p.product_id IS NULL) AS unknown_product_lines
FROM sales AS s
LEFT JOIN products AS p ON p.product_id = s.product_id
GROUP BY s.store_id, CAST(s.transaction_timestamp AS DATE)
