"""A catalogue of made-up things for the example marketplace, and the registered lamp that some of them copy."""

import json
import random
from pathlib import Path

from installation import Installation, wait_until
from PIL import Image, ImageDraw


def write_catalogue(folder: Path, count: int, pictures: int = 20) -> None:
    """Listings that share so many drawn pictures, a multiple of 20; every twentieth shows the reference, `0.png`."""
    (folder / "i").mkdir()
    for number in range(pictures):
        if number == 0 or number % 20:
            draw(number).save(folder / "i" / f"{number}.png")
    with (folder / "c.jsonl").open("w") as file:
        for number in range(count):
            line = {
                "id": f"L{number}",
                "title": f"Thing {number}",
                "description": "A thing.",
                "price": "10.00",
                "currency": "EUR",
                "seller": f"Seller {number % 7}",
                "seller_id": f"s{number % 7}",
                "ships_from": "DE",
                "category": "things",
                "images": [f"{number % pictures if number % 20 else 0}.png"],
            }
            file.write(json.dumps(line) + "\n")


def lamps(count: int) -> list[str]:
    """The titles of the listings that show the reference."""
    return [f"Thing {number}" for number in range(0, count, 20)]


def draw(seed: int) -> Image.Image:
    chance = random.Random(seed)
    image = Image.new("RGB", (160, 160), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = chance.randrange(160), chance.randrange(160)
        colour = tuple(chance.randrange(256) for _ in range(3))
        pen.ellipse((x, y, x + chance.randrange(10, 70), y + chance.randrange(10, 70)), fill=colour)
    return image


def register_lamp(place: Installation, picture: Path) -> None:
    """Register the one product whose picture every twentieth listing shows."""
    place.run("brand", "add", "Acme")
    place.run("product", "add", "Lamp", "--brand", "Acme", "--image", str(picture))


def wait_for_listings(place: Installation, count: int) -> None:
    """Wait until so many listings were seen."""
    store = place.store()

    def seen() -> bool:
        with store.read() as connection:
            return bool(connection.exec_driver_sql("SELECT count(*) FROM sightings").scalar_one() >= count)

    wait_until(seen, 60, f"{count} listings are stored\n{place.log()[-2_000:]}")
