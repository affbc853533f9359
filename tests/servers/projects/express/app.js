const express = require('express')

const app = express()
app.get('/', (request, response) => response.send('api'))
app.listen(process.env.PORT || 3000, (error) => {
  if (error) throw error
})
