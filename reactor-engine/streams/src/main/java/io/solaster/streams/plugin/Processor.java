package io.solaster.streams.plugin;

/**
 * A plug-in in Java. There is an instance for each shard, made by the constructor without arguments, and all calls are made on
 * that shard, one at a time: it needs no locks, and must not block. A jar names the class in
 * {@code META-INF/services/io.solaster.streams.plugin.Processor}.
 */
public interface Processor {

    /**
     * Before the first message.
     *
     * @throws Exception if it cannot work: the version is set aside
     */
    default void start() throws Exception {}

    /**
     * Looks at a message.
     *
     * @param view the message, until this returns; the same object each time
     * @return {@link Verdict#CONTINUE}, {@link Verdict#DROP}, or what {@link MessageView#replace} or {@link MessageView#route}
     *         returned
     * @throws Exception if it failed: what becomes of the message then, the configuration says
     */
    Verdict process(MessageView view) throws Exception;

    /**
     * After the last message. Threads that it started must have been told to end.
     *
     * @throws Exception if something went wrong, which is logged
     */
    default void stop() throws Exception {}
}
