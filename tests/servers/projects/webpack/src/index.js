document.title = 'dashboard'
