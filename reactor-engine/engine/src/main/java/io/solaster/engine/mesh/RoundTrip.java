package io.solaster.engine.mesh;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * A call to another shard without a future: the object itself goes there, works, and comes back, and can be sent again
 * then. So a hot path allocates nothing. It runs in the group that sends it, there and at home.
 */
public abstract class RoundTrip extends Message {
    private @Nullable Mesh home;
    private int target;
    private boolean there;
    private @Nullable Throwable failure;

    /** Does the work. On the target; what it throws goes home to {@link #failed}. */
    protected abstract void serve() throws Exception;

    /** The work is done. At home. */
    protected abstract void answered();

    /** The work threw, or the target has stopped. At home, or on whatever thread stops the engine. */
    protected abstract void failed(Throwable cause);

    /**
     * Sends it. On the shard that becomes its home.
     *
     * @param mesh the home shard's
     * @throws IllegalStateException if it is under way
     */
    public final void send(Mesh mesh, int newTarget) {
        if (home != null) {
            throw new IllegalStateException("a round trip to shard " + target + " is under way; make another, or wait");
        }
        home = mesh;
        target = newTarget;
        mesh.send(newTarget, this);
    }

    @Override
    public final void deliver() {
        Mesh origin = Objects.requireNonNull(home, "a round trip is sent with its own send");
        if (!there) {
            there = true;
            try {
                serve();
            } catch (Throwable thrown) {
                failure = thrown;
            }
            origin.replyFrom(target, this);
        } else {
            end();
        }
    }

    private void end() {
        Throwable thrown = failure;
        there = false;
        home = null;
        failure = null;
        if (thrown == null) {
            answered();
        } else {
            failed(thrown);
        }
    }

    @Override
    public final void abandon() {
        if (failure == null) {
            // Its home has ended, and answered() is for nobody else.
            failure = new IllegalStateException(there
                    ? "the answer of shard " + target + " found nobody any more"
                    : "shard " + target + " has stopped");
        }
        end();
    }
}
