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

    private LostWakeUp(World world, boolean bug, Node worker) {
        this.world = world;
        this.bug = bug;
        this.worker = worker;
    }

    static void run(World world, boolean bug) {
        List<Node> shards = world.shards("worker", "submitter");
        LostWakeUp service = new LostWakeUp(world, bug, shards.getFirst());
        world.soon(service.worker, service::work);
        Node submitter = shards.getLast();
        for (int i = 0; i < 3; i++) {
            int task = i;
            world.after(submitter, World.micros(world.draw().nextInt(100)), () -> service.submit(submitter, task));
        }
        world.run();
        assertThat(Deliveries.lost(service.submitted, service.done)).as("submitted, and never run").isEmpty();
    }

    private void submit(Node submitter, int task) {
        queue.add(task);
        world.mayBeInterrupted(submitter);
        submitted.add(task);
        if (parked.take()) {
            world.soon(worker, this::work);
        }
    }

    private void work() {
        do {
            Integer task = queue.poll();
            while (task != null) {
                done.add(task);
                task = queue.poll();
            }
            world.mayBeInterrupted(worker);
        } while (!parked.raiseUnless(() -> !bug && !queue.isEmpty()));
    }
}
