import multiprocessing
import os

bind = "0.0.0.0:" + os.environ.get("PORT", "8002")
workers = multiprocessing.cpu_count() * 2 + 1
