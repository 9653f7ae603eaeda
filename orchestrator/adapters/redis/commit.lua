-- Apply the commits of one shard, each atomically and in order. O(1) per reaction and write (the
-- sorted sets are logarithmic), no rule logic: whoever calls has decided on the header that a write
-- expects, so it knows what has to change beside the value, and says so step by step.
--
-- The marker is written last: where a command is refused half-way (a user without permission for
-- it), an entry without its marker is sent twice under one id, a marker without its entry never.
--
-- KEYS: 1 epoch, 2-4 markers of this dedupe window, of the one before and, as clocks differ, of the
--       next one, 5 outbox, 6 timers, 7 numbers of open instances, 8 finished instances, 9 those
--       whose last state is kept, 10.. what is named by position below
-- ARGV: 1 the epoch this process knows, 2 seconds markers live, 3 now in ms, 4 ms finished
--       instances are known, 5 how many of them, then per commit:
--       number of reactions, number of writes, timer that led to it or '', its due time in ms,
--       per write: position of its value, followed by the index it is listed in, header it expects
--         or '' for none, next value or '' to remove it, its timer's name or '' to write nothing at
--         all, due time in ms or '' for none, its name in the index or '' for none, number of
--         arguments of further steps, those steps:
--           'begin', definition and revision: one more is open
--           'end', definition and revision: one less is open
--           'unlist', position of the index it was listed in before, its name there
--           'piece', position of the pieces, name, next value
--           'unpiece', position of the pieces, name
--           'timer', position of the names of its pieces' timers, name, due time in ms or ''
--           'drop', position of the pieces, position of the names of their timers
--           'finish', definition and revision, how it ended
--           'keep', definition and revision, how it ended, position of what is kept of it, last
--             value, position of its pieces, position of those that are kept
--       per reaction: id, outbox entry or ''
-- Returns per commit: 1 committed, 0 conflict, or for duplicates a flat list of
--       id, outbox entry or '' of the reactions that were committed before.
local epoch, seen, outbox, timers, revisions = KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7]
local finished, kept = KEYS[8], KEYS[9]
local now, retention = ARGV[3], ARGV[4]
if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH this server does not hold what was written')
end

local function known(id)
  return redis.call('SISMEMBER', seen, id) == 1
    or redis.call('SISMEMBER', KEYS[3], id) == 1
    or redis.call('SISMEMBER', KEYS[4], id) == 1
end

local function committed_before(first, last)
  local done = {}
  for i = first, last, 2 do
    local id = ARGV[i]
    if known(id) then
      done[#done + 1] = id
      done[#done + 1] = redis.call('HGET', outbox, id) or ''
    end
  end
  return done
end

local function key(i)
  return KEYS[tonumber(ARGV[i])]
end

local HEADER_BYTES, WRITE, STEPS = 23, 7, 6

local function after(i)
  return i + WRITE + tonumber(ARGV[i + STEPS])
end

local function as_expected(first, writes, timer, due)
  if timer ~= '' and tonumber(redis.call('ZSCORE', timers, timer) or '-1') ~= tonumber(due) then
    return false
  end
  local i = first
  for _ = 1, writes do
    if redis.call('GETRANGE', key(i), 0, HEADER_BYTES - 1) ~= ARGV[i + 1] then
      return false
    end
    i = after(i)
  end
  return true
end

local function set_timer(name, due)
  if due == '' then
    redis.call('ZREM', timers, name)
  else
    redis.call('ZADD', timers, due, name)
  end
end

-- Each step is told where it begins and what its instance is called, and returns how many
-- arguments it took.
local step, touched = {}, {}

function step.begin(i)
  redis.call('HINCRBY', revisions, ARGV[i + 1], 1)
  return 2
end

step['end'] = function(i)
  if redis.call('HINCRBY', revisions, ARGV[i + 1], -1) == 0 then
    redis.call('HDEL', revisions, ARGV[i + 1])
  end
  return 2
end

function step.unlist(i)
  redis.call('ZREM', key(i + 1), ARGV[i + 2])
  return 3
end

function step.piece(i)
  redis.call('HSET', key(i + 1), ARGV[i + 2], ARGV[i + 3])
  return 4
end

function step.unpiece(i)
  redis.call('HDEL', key(i + 1), ARGV[i + 2])
  return 3
end

function step.timer(i)
  set_timer(ARGV[i + 2], ARGV[i + 3])
  redis.call(ARGV[i + 3] == '' and 'SREM' or 'SADD', key(i + 1), ARGV[i + 2])
  return 4
end

function step.drop(i)
  local names = key(i + 2)
  for _, name in ipairs(redis.call('SMEMBERS', names)) do
    redis.call('ZREM', timers, name)
  end
  redis.call('UNLINK', key(i + 1), names)
  return 3
end

local function enlist(list, i, name)
  redis.call('ZADD', list, now, ARGV[i + 1] .. '/' .. ARGV[i + 2] .. '/' .. name)
  touched[list] = true
end

function step.finish(i, name)
  enlist(finished, i, name)
  return 3
end

function step.keep(i, name)
  enlist(kept, i, name)
  redis.call('SET', key(i + 3), ARGV[i + 4], 'PX', retention)
  local pieces, last_pieces = key(i + 5), key(i + 6)
  if redis.call('EXISTS', pieces) == 1 then
    redis.call('RENAME', pieces, last_pieces)
    redis.call('PEXPIRE', last_pieces, retention)
  else
    redis.call('UNLINK', last_pieces)
  end
  return 7
end

-- What is known of finished instances stays bounded without anybody looking through it.
local function prune(list)
  redis.call('ZREMRANGEBYSCORE', list, '-inf', now - retention)
  redis.call('ZREMRANGEBYRANK', list, 0, -1 - ARGV[5])
  redis.call('PEXPIRE', list, retention)
end

local function write(i)
  local position = tonumber(ARGV[i])
  local instance, index = KEYS[position], KEYS[position + 1]
  local value, timer, name = ARGV[i + 2], ARGV[i + 3], ARGV[i + 5]
  if timer == '' then return end
  if value == '' then
    redis.call('DEL', instance)
    if name ~= '' then redis.call('ZREM', index, name) end
  else
    redis.call('SET', instance, value)
    if name ~= '' then redis.call('ZADD', index, now, name) end
  end
  set_timer(timer, ARGV[i + 4])
  local at, behind = i + WRITE, after(i)
  while at < behind do
    at = at + step[ARGV[at]](at, name)
  end
end

local results, at = {}, 6
while at <= #ARGV do
  local reactions, writes = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local timer, due = ARGV[at + 2], ARGV[at + 3]
  local first_write = at + 4
  local first_reaction = first_write
  for _ = 1, writes do first_reaction = after(first_reaction) end
  local last_reaction = first_reaction + 2 * reactions - 2

  local done = committed_before(first_reaction, last_reaction)
  if #done > 0 then
    results[#results + 1] = done
  elseif not as_expected(first_write, writes, timer, due) then
    results[#results + 1] = 0
  else
    for i = first_reaction, last_reaction, 2 do
      if ARGV[i + 1] ~= '' then
        redis.call('HSET', outbox, ARGV[i], ARGV[i + 1])
      end
    end
    if timer ~= '' then redis.call('ZREM', timers, timer) end
    local i = first_write
    for _ = 1, writes do
      write(i)
      i = after(i)
    end
    for j = first_reaction, last_reaction, 2 do
      redis.call('SADD', seen, ARGV[j])
    end
    results[#results + 1] = 1
  end
  at = last_reaction + 2
end
for list in pairs(touched) do prune(list) end
redis.call('EXPIRE', seen, ARGV[2])
return results
