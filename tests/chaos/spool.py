"""What can happen to the files of a spool while nobody holds it."""
import os

VICTIMS_MAX = 6  # batch files a time: quarantine keeps 100


def flip(path, random):
    with open(path, "r+b") as file:
        content = bytearray(file.read())
        if content:
            content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        file.seek(0)
        file.write(content)


def truncate(path, random):
    os.truncate(path, random.randrange(os.path.getsize(path)) if os.path.getsize(path) else 0)


def overwrite(path, random):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(random.randrange(size) if size else 0)
        file.write(random.randbytes(random.randrange(1, 4096)))


def remove(folder, random):
    """Takes batch files away, not the newest: with that one the spool itself forgets its number. (epoch, number) of each."""
    named = sorted((tuple(int(n) for n in name.split("-")[:2]), name) for name in os.listdir(folder) if name.endswith(".batch"))[:-1]
    chosen = random.sample(named, min(len(named), random.randrange(1, VICTIMS_MAX + 1)))
    for _, name in chosen:
        os.unlink(os.path.join(folder, name))
    return {key for key, _ in chosen}


def damage(folder, random):
    batches = sorted(name for name in os.listdir(folder) if name.endswith(".batch"))
    for name in random.sample(batches, min(len(batches), random.randrange(1, VICTIMS_MAX + 1))):
        random.choice([flip, truncate, overwrite])(os.path.join(folder, name), random)
    if random.random() < 0.3:
        random.choice([flip, truncate, lambda path, _random: os.unlink(path)])(os.path.join(folder, "stream"), random)
    if random.random() < 0.3:
        for name in os.listdir(folder):
            if name.endswith(".acked"):
                os.unlink(os.path.join(folder, name))
    if random.random() < 0.3:
        with open(os.path.join(folder, "1-%d-1-5.batch.tmp" % random.randrange(1, 1000)), "wb") as file:
            file.write(random.randbytes(100))
    if random.random() < 0.3:
        with open(os.path.join(folder, "not-a-batch"), "wb") as file:
            file.write(random.randbytes(100))
