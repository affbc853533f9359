document.title = __MODE__
