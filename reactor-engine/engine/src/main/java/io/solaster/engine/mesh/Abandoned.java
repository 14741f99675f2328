package io.solaster.engine.mesh;

import io.solaster.engine.task.Abandonable;

/** A message to a shard that has died: the sender hears of it in a turn of its own. */
record Abandoned(Message message) implements Abandonable {

    @Override
    public void run() {
        message.abandon();
    }

    @Override
    public void abandon() {
        message.abandon();
    }
}
