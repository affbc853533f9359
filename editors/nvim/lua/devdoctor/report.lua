-- What the daemon found, in the words of the command line. Every function gives lines.

local M = {}

--- The text without what would end a line, turn it or hide a part of it.
function M.clean(text)
  text = tostring(text or '')
  -- U+0080 to U+009F, U+200B to U+200F, U+202A to U+202E, U+2060 to U+2069, U+FEFF.
  return (text
    :gsub('[%z\1-\31\127]', '\239\191\189')
    :gsub('\194[\128-\159]', '\239\191\189')
    :gsub('\226\128[\139-\143\170-\174]', '\239\191\189')
    :gsub('\226\129[\160-\169]', '\239\191\189')
    :gsub('\239\187\191', '\239\191\189'))
end

local clean = M.clean

--- A command as one line that can be pasted into a POSIX shell.
function M.shell_line(argv)
  local words = {}
  for _, word in ipairs(argv) do
    word = clean(word)
    if not word:find('^[%w_@%%+=:,./-]+$') then
      word = "'" .. word:gsub("'", "'\\''") .. "'"
    end
    words[#words + 1] = word
  end
  return table.concat(words, ' ')
end

--- An age as a person says it: `40 s`, `12 min`, `3 h`, `5 days`.
local function age(seconds)
  if seconds < 120 then
    return ('%d s'):format(seconds)
  elseif seconds < 7200 then
    return ('%d min'):format(seconds / 60)
  elseif seconds < 172800 then
    return ('%d h'):format(seconds / 3600)
  end
  return ('%d days'):format(seconds / 86400)
end

-- Rows in columns, two blanks apart.
local function columns(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for at, cell in ipairs(row) do
      widths[at] = math.max(widths[at] or 0, vim.fn.strdisplaywidth(cell))
    end
  end
  local lines = {}
  for _, row in ipairs(rows) do
    local cells = {}
    for at, cell in ipairs(row) do
      cells[at] = cell .. (' '):rep(widths[at] - vim.fn.strdisplaywidth(cell))
    end
    lines[#lines + 1] = (table.concat(cells, '  '):gsub('%s+$', ''))
  end
  return lines
end

-- Where a fact was seen, without what the fact itself says already.
local function seen_at(evidence)
  local seen, says = evidence.seen or {}, evidence.says or ''
  local function told(words)
    return words ~= '' and says:find(words, 1, true) ~= nil
  end
  local at, what, name = tostring(seen.at), tostring(seen.what), tostring(seen.name)
  if seen.kind == 'socket' then
    return told(at) and 'socket' or 'socket ' .. at
  elseif seen.kind == 'process' then
    local pid = ('pid %s'):format(seen.pid)
    return told(pid) and what or pid .. ', ' .. what
  elseif seen.kind == 'container' then
    return told(name) and 'container, ' .. what or 'container ' .. name .. ', ' .. what
  elseif seen.kind == 'file' then
    local place = seen.line and ('%s:%d'):format(seen.file, seen.line) or tostring(seen.file)
    return seen.line and told(place) and 'file' or place
  elseif seen.kind == 'name' then
    return told(name) and 'resolver' or 'resolver, ' .. name
  elseif seen.kind == 'firewall' then
    return 'firewall, ' .. tostring(seen.chain)
  elseif seen.kind == 'kernel' then
    return 'kernel, ' .. what
  elseif seen.kind == 'environment' then
    return 'environment, ' .. tostring(seen.variable)
  end
  return tostring(seen.kind)
end

local COSTS = { disruptive = 'fix, interrupts something', destructive = 'fix, loses something' }

local function add_fix(lines, fix)
  local function add(text)
    lines[#lines + 1] = text
  end
  add((COSTS[fix.safety] or 'fix') .. ': ' .. clean(fix.title))
  if fix.run then
    local command = M.shell_line(fix.run)
    if fix.folder then
      command = 'cd ' .. M.shell_line({ fix.folder }) .. ' && ' .. command
    end
    add('     $ ' .. command)
  end
  if fix.edit then
    add(('     %s:%d'):format(clean(fix.edit.file), fix.edit.line or 0))
    add('     - ' .. clean(fix.edit.from))
    add('     + ' .. clean(fix.edit.to))
  end
  if fix.read and fix.read ~= fix.title then
    add('     ' .. clean(fix.read))
  end
end

local SEVERITIES = { error = 'error', warning = 'warning', info = 'note' }

--- One finding: what, why, and what mends it.
function M.finding(finding, place)
  local sure = finding.confidence == 'certain' or not finding.confidence
  local lines = {
    ('%s[%s]: %s%s'):format(
      SEVERITIES[finding.severity] or 'note',
      clean(finding.code),
      clean(finding.says),
      sure and '' or ' (' .. clean(finding.confidence) .. ')'
    ),
  }
  if place then
    lines[#lines + 1] = ' --> ' .. place
  end
  local facts = {}
  for _, one in ipairs(finding.evidence or {}) do
    facts[#facts + 1] = { '  = ' .. clean(one.says), '[' .. clean(seen_at(one)) .. ']' }
  end
  vim.list_extend(lines, columns(facts))
  for _, fix in ipairs(finding.fixes or {}) do
    add_fix(lines, fix)
  end
  return lines
end

-- What could not be looked at, in a line; nil where there was no such thing.
local function unseen_line(unseen)
  local gaps = {}
  for _, one in ipairs(unseen or {}) do
    if one.gap ~= 'not-running' then
      gaps[#gaps + 1] = clean(one.part) .. ' (' .. clean(one.why or one.gap) .. ')'
    end
  end
  return #gaps > 0 and 'could not look at: ' .. table.concat(gaps, ', ') or nil
end

local function nothing_wrong(report, place)
  local lines = { report.verdict == 'reachable' and 'ok: ' .. place or place }
  for _, probe in ipairs(report.probes or {}) do
    local answer = probe.answer and ' (' .. clean(probe.answer) .. ')' or ''
    lines[#lines + 1] = '  = ' .. clean(probe.to) .. ' ' .. clean(probe.outcome) .. answer
  end
  for _, listener in ipairs(report.listeners or {}) do
    local who = 'a process that this user may not see'
    if listener.container then
      who = 'container ' .. clean(listener.container)
    elseif listener.pid then
      who = listener.name and ('%s (pid %d)'):format(clean(listener.name), listener.pid) or 'pid ' .. listener.pid
    end
    local folder = listener.project and ' in ' .. clean(listener.project) or ''
    lines[#lines + 1] = '  = ' .. who .. folder .. ' listens on ' .. clean(listener.at)
  end
  return lines
end

-- Parts with a blank line between them.
local function join(parts)
  local lines = {}
  for at, part in ipairs(parts) do
    if at > 1 then
      lines[#lines + 1] = ''
    end
    vim.list_extend(lines, part)
  end
  return lines
end

--- A whole diagnosis, as `devdoctor why` prints it.
function M.why(report)
  local place = clean((report.target or {}).input) .. ': ' .. clean(report.verdict)
  if report.vantage then
    place = place .. ', seen from ' .. clean(report.vantage)
  end
  local parts, wrong = {}, false
  for _, finding in ipairs(report.findings or {}) do
    wrong = wrong or finding.severity ~= 'info'
  end
  if not wrong then
    parts[1] = nothing_wrong(report, place)
  end
  for _, finding in ipairs(report.findings or {}) do
    parts[#parts + 1] = M.finding(finding, #parts == 0 and place or nil)
  end
  local blind = unseen_line(report.unseen)
  if blind then
    parts[#parts + 1] = { blind }
  end
  return join(parts)
end

local function state_of(service, state)
  if state == 'down' and service.profile and #service.profile > 0 then
    return 'off (profile ' .. clean(table.concat(service.profile, ', ')) .. ')'
  end
  return (clean(state):gsub('%-', ' '))
end

local function service_rows(rows, service)
  if #(service.expects or {}) == 0 then
    local who = service.who and clean(service.who) or '–'
    rows[#rows + 1] = { '–', clean(service.name), state_of(service, service.state), clean(service.source), who }
  end
  for _, one in ipairs(service.expects or {}) do
    local port = one.port and ('%d'):format(one.port) or 'any'
    local origin = one.origin or {}
    local at = origin.line and origin.line > 0 and ('%s:%d'):format(origin.file, origin.line) or origin.file
    local who = one.who and clean(one.who) or '–'
    if one.who and one.state ~= 'as-expected' and #(one.at or {}) > 0 then
      who = who .. ' on ' .. clean(table.concat(one.at, ', '))
    end
    rows[#rows + 1] = {
      one.protocol == 'udp' and port .. '/udp' or port,
      clean(service.name),
      state_of(service, one.state),
      clean(at),
      who,
    }
  end
end

--- A whole project, as `devdoctor check` prints it.
function M.check(report)
  local parts = { { clean(report.root) } }
  local rows = { { 'PORT', 'SERVICE', 'STATE', 'SAID AT', 'WHO' } }
  for _, service in ipairs(report.services or {}) do
    service_rows(rows, service)
  end
  if #rows > 1 then
    parts[#parts + 1] = columns(rows)
  end
  for _, finding in ipairs(report.findings or {}) do
    local origin = finding.origin
    local place = origin and clean(origin.file)
    if origin and (origin.line or 0) > 0 then
      place = ('%s:%d'):format(place, origin.line)
    end
    parts[#parts + 1] = M.finding(finding, place)
  end
  local blind = unseen_line(report.unseen)
  if blind then
    parts[#parts + 1] = { blind }
  elseif #parts == 1 then
    parts[2] = { 'no file says what should run here' }
  end
  return join(parts)
end

local SCOPES = { loopback = 'this machine', lan = 'one address', all = 'everybody' }

--- What listens, as `devdoctor ports` prints it.
function M.ports(report)
  local rows = { { 'PORT', 'ADDRESS', 'SCOPE', 'OWNER', 'PID', 'USER', 'AGE', 'PROJECT' } }
  for _, line in ipairs(report.ports or {}) do
    local host, port = tostring(line.at):match('^(.*):(%d+)$')
    local owner = line.name or (line.owner_unseen == 'forbidden' and 'hidden' or 'not found')
    if line.container then
      owner = ('container %s :%d'):format(line.container.name, line.container.port)
        .. (line.name and ' by ' .. line.name or '')
    end
    local folder = line.project or line.cwd
    rows[#rows + 1] = {
      clean(port) .. (line.proto == 'udp' and '/udp' or ''),
      (clean(host):gsub('^%[(.*)%]$', '%1')),
      SCOPES[line.scope] or clean(line.scope),
      clean(owner),
      line.pid and ('%d'):format(line.pid) or '–',
      line.user and clean(line.user) or '–',
      line.age_s and age(line.age_s) or '–',
      folder and folder ~= '/' and clean(folder) or '–',
    }
  end
  local blind = unseen_line(report.unseen)
  local parts = {}
  if #rows > 1 then
    parts[1] = columns(rows)
  elseif not (blind and blind:find('listeners', 1, true)) then
    parts[1] = { 'nobody listens on any port' }
  end
  if blind then
    parts[#parts + 1] = { blind }
  end
  return join(parts)
end

return M
