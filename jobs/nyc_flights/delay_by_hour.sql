-- Grain and key: flight_date, scheduled_hour (New York's calendar and clock).
-- Delays are minutes of the flights that departed, negative is early; null if none did. Wind is in mph.
SELECT
  flight_date,
  scheduled_hour,
  count(*) AS flights,
  count_if(cancelled) AS cancelled,
  avg(dep_delay_minutes) AS mean_dep_delay_minutes,
  percentile_disc(0.9) WITHIN GROUP (ORDER BY dep_delay_minutes) AS p90_dep_delay_minutes,
  max(wind_speed_mph) AS strongest_wind_mph
FROM flights
GROUP BY flight_date, scheduled_hour
