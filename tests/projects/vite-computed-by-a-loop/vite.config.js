const proxy = {}
for (const name of ['a', 'b']) {
  proxy[`/${name}`] = 'http://localhost:5501'
}

export default { server: { port: 5500, proxy } }
