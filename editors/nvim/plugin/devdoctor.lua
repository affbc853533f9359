if vim.g.loaded_devdoctor then
  return
end
vim.g.loaded_devdoctor = 1

vim.api.nvim_create_user_command('DevDoctor', function(args)
  require('devdoctor').command(args.fargs)
end, {
  nargs = '*',
  desc = 'Why a local connection fails, and what listens',
  complete = function(lead, line)
    return require('devdoctor').complete(lead, line)
  end,
})

local group = vim.api.nvim_create_augroup('devdoctor', {})
-- What is not loaded has no connection.
local function tell(what)
  return function()
    local doctor = package.loaded['devdoctor']
    if doctor then
      doctor[what]()
    end
  end
end
vim.api.nvim_create_autocmd('DirChanged', { group = group, callback = tell('follow') })
vim.api.nvim_create_autocmd('VimLeavePre', { group = group, callback = tell('stop') })
