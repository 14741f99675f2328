package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;

import io.solaster.testkit.check.Calls.OfLock;
import io.solaster.testkit.check.Calls.TryLock;
import io.solaster.testkit.check.Calls.Unlock;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.planted.World.Node;
import org.jspecify.annotations.Nullable;

/** A registry of who owns a slot. Wrong: a node looks, sees that nobody does, and writes its name with no look back. */
final class SlotOwnedTwice {
    private final World world;
    private final boolean bug;
    private final Node registry;
    private @Nullable String owner;

    private SlotOwnedTwice(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        registry = world.node("registry");
    }

    static void run(World world, boolean bug) {
        SlotOwnedTwice service = new SlotOwnedTwice(world, bug);
        History<OfLock, Boolean> history = new History<>(world::moment);
        for (String name : new String[]{"a", "b", "c"}) {
            Node node = world.node(name);
            Recorder<OfLock, Boolean> recorder = history.record(name);
            world.after(node, World.micros(world.draw().nextInt(2_000)),
                    () -> service.claim(node, recorder, 2));
        }
        world.run();
        Verdict<OfLock, Boolean> verdict = Linearizability.<Optional<String>, OfLock, Boolean>of(Models.lock())
                .check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private void claim(Node node, Recorder<OfLock, Boolean> recorder, int more) {
        int call = recorder.call(new TryLock(node.toString()));
        world.send(node, registry, () -> {
            boolean free = owner == null;
            if (free && !bug) {
                owner = node.toString();
            }
            world.send(registry, node, () -> {
                if (!free) {
                    recorder.answer(call, false);
                } else if (bug) {
                    world.send(node, registry, () -> {
                        owner = node.toString();
                        world.send(registry, node, () -> claimed(node, recorder, call, more));
                    });
                } else {
                    claimed(node, recorder, call, more);
                }
            });
        });
    }

    private void claimed(Node node, Recorder<OfLock, Boolean> recorder, int call, int more) {
        recorder.answer(call, true);
        world.after(node, Duration.ofMillis(1), () -> {
            int letGo = recorder.call(new Unlock(node.toString()));
            world.send(node, registry, () -> {
                boolean had = node.toString().equals(owner);
                if (had) {
                    owner = null;
                }
                world.send(registry, node, () -> {
                    recorder.answer(letGo, had);
                    if (more > 1) {
                        claim(node, recorder, more - 1);
                    }
                });
            });
        });
    }
}
