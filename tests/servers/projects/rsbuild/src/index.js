document.body.textContent = 'admin'
