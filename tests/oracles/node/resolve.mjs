// What Vite's own `resolveConfig` makes of folders, as one line of JSON each.
//
// The argument is a list of { folder, mode, inline, environment }.
import { resolveConfig } from 'vite'

const before = { ...process.env }

function local(target) {
  const url = typeof target === 'object' && !(target instanceof URL)
    ? new URL(`${target.protocol ?? 'http:'}//${target.host}:${target.port}`)
    : new URL(target)
  const ports = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 }
  const here = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(url.hostname)
  return here ? [`${url.hostname}:${url.port || ports[url.protocol]}`] : []
}

for (const { folder, mode, inline, environment } of JSON.parse(process.argv[2])) {
  process.env = { ...before, ...environment }
  delete process.env.NODE_ENV
  process.chdir(folder)
  let told
  try {
    const config = await resolveConfig({ ...inline, logLevel: 'silent' }, 'serve', mode)
    const { port, host, strictPort, proxy } = config.server
    told = {
      port: Number(port ?? 5173),
      host: host === true ? '0.0.0.0' : host || null,
      strict: Boolean(strictPort),
      proxy: Object.values(proxy ?? {}).flatMap((rule) => local(rule.target ?? rule)).sort(),
    }
  } catch (error) {
    told = { error: String(error?.message ?? error) }
  }
  console.log(JSON.stringify(told))
}
