threads 1, 2
port ENV.fetch('PORT', 9393)
