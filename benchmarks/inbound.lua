-- Inbound texts for wrk, each with an id and a sender of its own. Arguments: path, first number.
local path, at = nil, 0

function init(args)
  path = args[1]
  at = tonumber(args[2] or "0") * 1000000
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  at = at + 1
  local body = string.format(
    "date=2026-11-21T02%%3A00%%3A00Z&from=%%2B628120000%04d&id=bench-%d&linkId=&text=CEK+PT+CONTOH+%d&to=12362",
    at % 10000, at, at)
  return wrk.format("POST", path, nil, body)
end
