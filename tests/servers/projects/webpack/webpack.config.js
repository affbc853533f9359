const path = require('path')

const port = 8090

module.exports = {
  entry: './src/index.js',
  output: { path: path.resolve(__dirname, 'dist') },
  devServer: {
    static: './public',
    hot: true,
  },
}
