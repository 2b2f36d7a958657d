"""A container in a task with the sidecar, and how the platform puts processes into it from outside."""
import os

import bench
import image
import task

SESSION = "ecs-execute-command-0dfcb1f8c2e47585a"
AGENT = image.AGENT_FOLDER + "/amazon-ssm-agent"
RULES = os.path.join(task.HERE, "session.yaml")


class Entrance:
    """A task with the sidecar and a container in it that waits."""

    def __init__(self, setup, *options):
        self.check = setup.check
        self.task = setup.task(True, *options)
        self.container = self.task.launch("app", "session", ["/bin/sh", "-c", "echo ready; until [ -e /clewline/end-%s ]; do "
                                                             "/bin/sleep 0.05; done; exit 3" % self.task.id])
        self.check(bench.wait_until(lambda: "ready" in self.container.text("out")), "a container runs", self.container.text("err"))

    def log(self):
        return self.task.sidecar.text("err")

    def told(self, rule, word=""):
        return [e["output_fields"] for e in self.task.seen() if e["rule"] == rule and word in e["output"]]

    def open_session(self, session, command):
        """As the service does, through the agent that is in the container; returns once it has ended."""
        path = self.task.shared + "/session-" + self.task.id
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write("%s %s; echo over >/clewline/over-%s" % (session, command, self.task.id))
        over = self.task.shared + "/over-" + self.task.id
        if os.path.exists(over):
            os.unlink(over)
        os.rename(path + ".new", path)
        return bench.wait_until(lambda: os.path.exists(over))

    def enter_agent(self):
        """As the platform does when the container starts."""
        count = self.log().count("entered:")
        self.container.enter([AGENT, "/clewline/session-" + self.task.id], "--detach")
        self.check(bench.wait_until(lambda: self.log().count("entered:") > count), "the session agent is found and followed", self.log())

    def end(self):
        """Ends the container; all that was told, and the sidecar's end."""
        with open(self.task.shared + "/end-" + self.task.id, "w", encoding="ascii"):
            pass
        done = self.container.finish()
        self.check(done.code == 3, "the container ends as it would", done)
        return self.task.events()

    def close(self):
        self.task.close()
