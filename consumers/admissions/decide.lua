-- Decides about an application, once. Safe to run twice.
-- KEYS: decisions (application -> decision), the program's seats (applications), booked
--       (application -> time), taken (time -> application)
-- ARGV: application, "1" if it is eligible, how many seats the program has
-- Returns the decision. Who is not admitted gives the time for the interview back.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
local decision = 'refused'
if ARGV[2] == '1' then
  local is_free = redis.call('SCARD', KEYS[2]) < tonumber(ARGV[3])
  decision = is_free and 'admitted' or 'waitlisted'
end
redis.call('HSET', KEYS[1], ARGV[1], decision)
if decision == 'admitted' then
  redis.call('SADD', KEYS[2], ARGV[1])
else
  local time = redis.call('HGET', KEYS[3], ARGV[1])
  if time then redis.call('HDEL', KEYS[4], time) end
end
return decision
