package io.solaster.log;

import java.io.IOException;

import io.netty.buffer.ByteBuf;

/**
 * One shard's state, by what its log has of it: how records are applied to it, how it is snapshotted, and how it is dropped. It is
 * what a state and whoever keeps or replicates it know of each other, as {@link io.solaster.engine.Ownership} says who serves a
 * slot: a start reads its snapshot and its log into it, and a cluster feeds it with what another node's log has.
 *
 * {@snippet :
 * // There, on the owner's shard:
 * long next = owner.snapshot(lane::send);
 * LogReader reader = log.local().reader(next);
 * // Here, on the shard of the copy:
 * replica.install(piece);       // each of them
 * replica.installed(next);
 * replica.apply(number, epoch, kind, payload); // each record from there on
 * replica.lead();               // where this one is to be the owner
 * }
 *
 * <p>
 * <b>Format.</b> Records and pieces have effects and no requests: what was changed, by chosen members and absolute times. Applied in
 * one order they make one state, whatever clock or chance there is. Both are the state's own; a piece is of no other release's
 * format than its log.
 *
 * <p>
 * <b>Order and idempotence.</b> Records are applied by their sequence, none left out. One that was applied before, or that the
 * installed snapshot has, changes nothing; one that comes too early is refused by name. A piece is installed once, in its order.
 *
 * <p>
 * <b>Steps over several shards.</b> What one command changes on several shards is in the logs of all of them. Each replica applies
 * its own part as it comes: whoever applies sees to it that a part which others lack is not applied at all, and looks at no
 * replica amid a step.
 *
 * <p>
 * <b>Threads.</b> All of it on the state's own shard, on a virtual thread: each call may wait, and takes as many turns as it needs,
 * between which the shard goes on. One call at a time; {@link #snapshot} alone goes on beside what the owner does. Until {@link
 * #lead} nobody else changes the state, and nothing is due in it by itself: the owner's log says so when it is.
 *
 * <p>
 * <b>Errors.</b> What {@link #apply} or {@link #install} throws leaves a part of what it was to do. From then on each of them
 * throws, until all was dropped and is installed anew.
 */
public interface Replica {

    /** Takes the pieces of a snapshot, one after the other. */
    @FunctionalInterface
    interface Pieces {
        /**
         * Takes one, and may wait; the state is changed meanwhile.
         *
         * @param piece until this returns
         * @throws IOException ends the snapshot
         */
        void piece(ByteBuf piece) throws IOException;
    }

    /** The sequence of the next record that is to be applied: 1 where nothing was. */
    long next();

    /**
     * Does again what a record says: as {@link RecordConsumer#record}.
     *
     * @param payload until this returns
     * @throws LogDamagedException if records before this one are missing
     * @throws IllegalStateException if it makes no sense for this state, this state is the owner's, or something has failed before
     */
    void apply(long sequence, long epoch, int kind, ByteBuf payload) throws IOException;

    /**
     * Takes a piece of a snapshot: of one that was taken elsewhere, into a state that is empty before the first one.
     *
     * @param piece until this returns
     * @throws IllegalStateException as {@link #apply} does, or if the state is not empty
     */
    void install(ByteBuf piece) throws IOException;

    /**
     * All pieces are there.
     *
     * @param next what {@link #snapshot} has answered
     */
    void installed(long next);

    /**
     * Gives all of the state as it is when this begins, while it is used and changed: in pieces of some 256 KiB, larger ones
     * where much is changed ahead of them. They are worth nothing until this returns: then all is known to be whole that they have
     * a part of.
     *
     * @return the sequence of the first record that the snapshot does not have
     * @throws IOException if it cannot be whole, as all was dropped meanwhile, or the shard stops
     * @throws IllegalStateException if no log tells of that state, as it is a copy, or is kept nowhere
     */
    long snapshot(Pieces pieces) throws IOException;

    /**
     * Removes what is in some slots, and frees it in later turns. What is dropped by an owner, its log tells. Nobody uses these slots
     * meanwhile, and what commands began on them has ended. Where they are all, a copy is as new.
     *
     * @param from the first slot
     * @param to behind the last one: {@link io.solaster.engine.Slots#COUNT} for the end
     */
    void drop(int from, int to) throws IOException;

    /** This is the owner's state from now on, all as it is by now: nothing is applied any more. */
    void lead();
}
