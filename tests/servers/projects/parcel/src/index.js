document.title = 'widget'
