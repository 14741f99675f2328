package io.solaster.engine.mesh;

/** A message that runs something. */
public final class TestMessage extends Message {
    static final Lane.Receiver DELIVER = (message, index) -> message.deliver();

    private final Runnable action;

    public TestMessage(Runnable action) {
        this.action = action;
    }

    @Override
    public void deliver() {
        action.run();
    }
}
