package io.solaster.rpc;

import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;

/** What serves the calls of a method: see the kinds of it. One instance serves all shards. */
public sealed interface RpcHandler<Q, A>
        permits RpcHandler.Direct, RpcHandler.Async, RpcHandler.Forked, RpcHandler.Streamed {

    /**
     * Answers at once on the shard's loop, from bytes to bytes: nothing is allocated for the call. It must not block, and cannot be
     * cancelled.
     */
    @FunctionalInterface
    non-sealed interface Direct<Q, A> extends RpcHandler<Q, A> {
        /**
         * Serves a call.
         *
         * @param request whose readable bytes are the message; valid until this returns, and not released
         * @param answer what to write the answer to, behind what it holds already
         * @throws RpcException a failure that the caller is told; what was written of the answer is forgotten
         */
        void handle(ByteBuf request, ByteBuf answer) throws Exception;
    }

    /** Begins on the shard's loop and answers now or later. It must not block. */
    @FunctionalInterface
    non-sealed interface Async<Q, A> extends RpcHandler<Q, A> {
        /**
         * Serves a call.
         *
         * @return the answer, of any thread; it is cancelled where nobody waits any more
         * @throws RpcException a failure that the caller is told
         */
        CompletionStage<A> handle(RpcCall call, Q request) throws Exception;
    }

    /** Straight-line code in a fork of the shard, which may wait. It is interrupted where nobody waits for the answer any more. */
    @FunctionalInterface
    non-sealed interface Forked<Q, A> extends RpcHandler<Q, A> {
        /**
         * Serves a call.
         *
         * @throws RpcException a failure that the caller is told
         */
        A handle(RpcCall call, Q request) throws Exception;
    }

    /** Serves streams, on the shard's loop. It must not block; it may fork. The call has ended once its answers have. */
    @FunctionalInterface
    non-sealed interface Streamed<Q, A> extends RpcHandler<Q, A> {
        /**
         * Serves a call.
         *
         * @param answers what to write answers to; of a method with one answer only, that and no end
         * @return what reads the requests; it is given a single request, and its end, without asking
         * @throws RpcException a failure that the caller is told
         */
        RpcReader<Q> handle(RpcCall call, RpcWriter<A> answers) throws Exception;
    }
}
