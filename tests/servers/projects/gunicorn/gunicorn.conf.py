workers = 1
host = "127.0.0.1"
bind = f"{host}:8100"
