import uvicorn
from fastapi import FastAPI

app = FastAPI()
HOST, PORT = "0.0.0.0", 8010


def serve() -> None:
    uvicorn.run("main:app", host=HOST, port=PORT, reload=True)


if __name__ == "__main__":
    serve()
