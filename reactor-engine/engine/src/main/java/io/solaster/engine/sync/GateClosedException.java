package io.solaster.engine.sync;

/** Thrown at who would enter a gate that is closed. */
public final class GateClosedException extends IllegalStateException {

    GateClosedException() {
        super("the gate is closed: nothing new may begin");
    }
}
