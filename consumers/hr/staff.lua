-- Enters the staff, and leaves who is known already, and their open cases, as they are.
-- KEYS: load (investigator -> open cases), staff (investigator -> who), then one set per region
-- ARGV: for each region the number of its investigators, then their ids and descriptions in turn
local at = 1
for region = 3, #KEYS do
  for _ = 1, tonumber(ARGV[at]) do
    redis.call('ZADD', KEYS[1], 'NX', 0, ARGV[at + 1])
    redis.call('HSET', KEYS[2], ARGV[at + 1], ARGV[at + 2])
    redis.call('SADD', KEYS[region], ARGV[at + 1])
    at = at + 2
  end
  at = at + 1
end
