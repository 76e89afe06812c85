-- One row for each household that shops. Money is summed in cents (DECIMAL), so that the sum does not depend on the
-- order in which lines are read and a second run gives the same rows.
SELECT
  s.household_id,
  COUNT(DISTINCT s.basket_id) AS baskets,
  COUNT(*) AS lines,
  CAST(SUM(CAST(s.sales_value AS DECIMAL(12, 2))) AS DOUBLE) AS spend,
  CAST(SUM(CAST(s.retail_disc AS DECIMAL(12, 2))) AS DOUBLE) AS loyalty_discount,
  COUNT(DISTINCT s.store_id) AS stores,
  MIN(s.transaction_timestamp) AS first_purchase,
  MAX(s.transaction_timestamp) AS last_purchase,
  h.age,
  h.income,
  h.household_size,
  h.kids_count
FROM sales AS s
LEFT JOIN households AS h ON h.household_id = s.household_id
GROUP BY s.household_id, h.age, h.income, h.household_size, h.kids_count
