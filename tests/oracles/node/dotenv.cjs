// Reads texts of .env files from standard input, and prints what `dotenv` and
// `dotenv-expand` make of each: names and values in their order.
const dotenv = require('dotenv')
const { expand } = require('dotenv-expand')

const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const made = cases.map(({ text, environment }) => {
  const parsed = dotenv.parse(text)
  const values = Object.entries(parsed)
  const { parsed: expanded } = expand({ parsed: { ...parsed }, processEnv: { ...environment } })
  return { values, expanded: Object.entries(expanded) }
})
process.stdout.write(JSON.stringify(made))
