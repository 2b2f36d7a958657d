"""Runs the scenarios of scenarios.py and sums up; tests/chaos/run.sh is what starts it, in namespaces of its own."""
import argparse
import concurrent.futures
import secrets
import sys
import threading
import time
import traceback

import ledger as ledgers
import scenarios
import world as worlds

EXIT_LOST, EXIT_USAGE, EXIT_SKIPPED = 1, 2, 77
NOTES_MAX = 20
COLUMNS = ("scenario", "faults", "events sent", "declared lost", "refused", "lost", "doubled", "stuck", "slowest progress, s", "in all, s", "")
TABLE = []
screen = threading.Lock()


def tell(text):
    with screen:
        print(text, flush=True)


def run_one(options, scenario):
    """(result, whether it worked at all); None when it cannot run here."""
    rounds = options.rounds or (max(1, scenario.short) if options.short else scenario.long)
    reason = scenario.needs()
    if reason:
        tell("skipped %-16s %s" % (scenario.name, reason))
        return None
    world = worlds.World(options, scenario.name)
    broken = None
    try:
        result = scenario.run(world, rounds)
    except Exception as error:  # whatever it is: nothing was proved
        result, broken = world.result, error
        if not isinstance(error, worlds.Broken):
            traceback.print_exc()
    finally:
        world.destroy()
    good = not broken and not world.is_cut_short and not (result.lost or result.doubled or result.stuck)
    with screen:
        TABLE.append((scenario.name, world.faults, result.sent, result.declared, result.refused, result.lost, result.doubled, result.stuck,
                      "%.1f" % world.slowest, "%.0f" % (time.monotonic() - world.started), "ok" if good else "FAILED"))
    tell("%s %-16s %d faults; events sent %d (stored %d, declared lost %d, refused %d), lost %d, doubled %d, stuck %d; "
         "%d unspooled when killed; slowest progress %.1f s, %.0f s in all" % (
             "ok     " if good else "FAILED ", scenario.name, world.faults, result.sent, result.stored, result.declared, result.refused,
             result.lost, result.doubled, result.stuck, result.unspooled, world.slowest, time.monotonic() - world.started))
    for note in result.notes[:NOTES_MAX] + (["broken: %s" % broken] if broken else []):
        tell("        " + note)
    if len(result.notes) > NOTES_MAX:
        tell("        and %d more notes" % (len(result.notes) - NOTES_MAX))
    return result, broken is None and not world.is_cut_short


def tell_table(names):
    """As Markdown: what docs/operations.md has."""
    tell("\n| %s |\n|%s" % (" | ".join(COLUMNS), "---|" * len(COLUMNS)))
    for row in sorted(TABLE, key=lambda row: names.index(row[0])):
        tell("| %s |" % " | ".join("%s" % cell for cell in row))
    tell("")


def parse():
    parser = argparse.ArgumentParser(prog="tests/chaos/run.sh", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the form of the everyday suite")
    parser.add_argument("--seed", default=None, help="of the faults; default: a new one, which is printed")
    parser.add_argument("--only", action="append", metavar="SCENARIO", help="may be given several times")
    parser.add_argument("--rounds", type=int, help="faults in each scenario, instead of its own number")
    parser.add_argument("--minutes", type=int, default=20, help="for each scenario's faults: what is left out then counts as failed")
    parser.add_argument("--jobs", type=int, default=2, help="scenarios at once")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--keep", action="store_true", help="leave the folders, to look at")
    parser.add_argument("--bin", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = parse()
    if options.list:
        for scenario in scenarios.SCENARIOS:
            print("%-16s %3d %3d  %s" % (scenario.name, scenario.short, scenario.long, scenario.sentence))
        return 0
    known = [scenario.name for scenario in scenarios.SCENARIOS]
    for name in options.only or []:
        if name not in known:
            print("chaos: no scenario \"%s\"; there are: %s" % (name, ", ".join(known)), file=sys.stderr)
            return EXIT_USAGE
    options.seed = options.seed or "%d" % secrets.randbelow(10**9)
    chosen = [scenario for scenario in scenarios.SCENARIOS if
              (scenario.name in options.only if options.only else scenario.short or not options.short)]
    tell("seed %s, %s form" % (options.seed, "short" if options.short else "long"))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = [one for one in pool.map(lambda scenario: run_one(options, scenario), chosen) if one]
    total = ledgers.Result()
    for result, _ in done:
        total.add(result)
    works = all(is_sound for _, is_sound in done)
    if not done:
        return EXIT_SKIPPED
    tell_table([scenario.name for scenario in chosen])
    tell("declared lost %d, refused and kept as dead letter %d, unspooled when killed %d, scenarios %d%s" % (
        total.declared, total.refused, total.unspooled, len(done), "" if works else ", of which some could not be run to their end"))
    tell("events sent %d, lost %d, doubled %d, stuck %d" % (total.sent, total.lost, total.doubled, total.stuck))
    return 0 if works and not (total.lost or total.doubled or total.stuck) else EXIT_LOST


if __name__ == "__main__":
    sys.exit(main())
