-- One USSD turn after the other for wrk: each thread keeps 512 calls under way, one step each in turn, so
-- that a step is asked long after the one before it was answered. Arguments: path, first call number.
local CALLS = 512
local STEPS = { "", "5", "5*1", "5*1*1", "5*1*1*0", "5*1*1*0*00", "5*1*1*0*00*6", "5*1*1*0*00*6*1" }
local path, thread_count = nil, 0
local at, round = 0, 0

function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end

function init(args)
  path = args[1]
  first = tonumber(args[2] or "0")
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  local call = at % CALLS
  local step = math.floor(at / CALLS) % #STEPS
  if at > 0 and at % (CALLS * #STEPS) == 0 then round = round + 1 end
  at = at + 1
  local number = (first + id * 1000000 + round * CALLS + call) % 10000
  local session = string.format("ATUid_%d_%d_%d_%d", first, id, round, call)
  local body = string.format(
    "sessionId=%s&phoneNumber=%%2B628120000%04d&networkCode=51010&serviceCode=%%2A123%%2362%%23&text=%s",
    session, number, STEPS[step + 1]:gsub("%*", "%%2A"))
  return wrk.format("POST", path, nil, body)
end
