c = get_config()
c.ServerApp.port = 8900
c.ServerApp.open_browser = False
