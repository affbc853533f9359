exports.web = 5001
