package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

import io.solaster.engine.mesh.ParkedFlag;
import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.planted.World.Node;

/** A worker that sleeps while its queue is empty. Wrong: it does not look once more after it has said that it sleeps. */
final class LostWakeUp {
    private final World world;
    private final boolean bug;
    private final Node worker;
    private final Queue<Integer> queue = new ArrayDeque<>();
    private final ParkedFlag parked = new ParkedFlag();
    private final List<Integer> submitted = new ArrayList<>();
    private final List<Integer> done = new ArrayList<>();

    private LostWakeUp(World world, boolean bug) {
        this.world = world;
        this.bug = bug;
        worker = world.node("worker");
    }

    static void run(World world, boolean bug) {
        LostWakeUp service = new LostWakeUp(world, bug);
        world.soon(service.worker, service::work);
        Node submitter = world.node("submitter");
        for (int i = 0; i < 3; i++) {
            int task = i;
            world.soon(submitter, () -> service.queue.add(task));
            world.soon(submitter, () -> {
                service.submitted.add(task);
                if (service.parked.take()) {
                    world.soon(service.worker, service::work);
                }
            });
        }
        world.run();
        assertThat(Deliveries.lost(service.submitted, service.done)).as("submitted, and never run").isEmpty();
    }

    private void work() {
        Integer task = queue.poll();
        if (task == null) {
            world.soon(worker, this::park);
        } else {
            done.add(task);
            world.soon(worker, this::work);
        }
    }

    private void park() {
        if (!parked.raiseUnless(() -> !bug && !queue.isEmpty())) {
            world.soon(worker, this::work);
        }
    }
}
