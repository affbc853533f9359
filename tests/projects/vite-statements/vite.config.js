let port = 3000
const config = { server: { proxy: {} } }

if (process.env.VITE_DEV_PORT) {
  port = parseInt(process.env.VITE_DEV_PORT)
} else {
  port += 1900
}

function upstream(name, at) {
  return { target: `http://localhost:${at}`, headers: { 'x-name': name } }
}

config.server.port = port
config.server.proxy['/users'] = upstream('users', 4901)
config.server.proxy['/orders'] = upstream('orders', 4901 + 1)

export default config
