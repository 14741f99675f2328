package io.solaster.rpc;

/**
 * Reads the messages of one stream. On the shard of the stream, in its order: {@link #begins}, then messages that were asked for, then
 * either {@link #ended} or {@link #failed}, once; of a call that is served, nothing any more once its answers have ended. What it throws
 * fails the call.
 */
public interface RpcReader<T> {

    /** The stream begins; nothing comes before something is asked for, but for what comes alone: a single request, or a single answer. */
    void begins(RpcFlow flow);

    /** A message has come. */
    void message(T message);

    /** All messages have come. */
    void ended();

    /** The call has failed, or was cancelled, before all messages had come. */
    void failed(RpcException why);
}
