-- `:checkhealth devdoctor`

local client = require('devdoctor.client')
local place = require('devdoctor.place')
local report = require('devdoctor.report')

local M = {}

-- The names of Neovim 0.7, and those that came after.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local info = health.info or health.report_info
local warn = health.warn or health.report_warn
local error = health.error or health.report_error

-- How long the daemon is waited for, in milliseconds.
local PATIENCE = 3000

function M.check()
  start('devdoctor')
  if vim.fn.has('nvim-0.7') == 1 then
    ok('Neovim is new enough')
  else
    error('Neovim 0.7 or newer is needed')
    return
  end

  local socket, bad = place.socket(require('devdoctor').socket() or '')
  if not socket then
    error(report.clean(bad))
    return
  end
  info('socket: ' .. report.clean(socket))

  local link, status
  local one = client.new(socket, nil, {
    link = function(now)
      link = now
    end,
    status = function(now)
      status = now
    end,
  })
  one:retry()
  vim.wait(PATIENCE, function()
    return link ~= nil and (link.kind ~= 'up' or status ~= nil)
  end, 10)
  one:stop()

  local start_it = { '`devdoctor daemon start` starts it, `devdoctor daemon install` for good' }
  if link == nil or link.kind == 'off' then
    warn('no daemon runs', start_it)
  elseif link.kind ~= 'up' then
    error(report.clean(link.why))
  else
    ok('devdoctor ' .. report.clean(link.version) .. ' answers, with protocol ' .. client.PROTOCOL)
    local daemon = status and status.daemon
    for _, part in ipairs({ 'sockets', 'radar', 'containers', 'files', 'notifications' }) do
      if daemon and daemon[part] then
        info(part .. ': ' .. report.clean(daemon[part]))
      end
    end
    for _, note in ipairs(daemon and daemon.notes or {}) do
      warn(report.clean(note))
    end
  end
end

return M
