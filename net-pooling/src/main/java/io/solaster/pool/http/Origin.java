package io.solaster.pool.http;

/** Where an answer comes from: a connection, or a stream of one. On its shard. */
interface Origin {

    /** The answer's body is read piece by piece from now on, and not before somebody asks for the next one. */
    ResponseBody newBody();

    /** The body's reader wants more. */
    void readMore();

    /** The body's reader wants no more. */
    void giveUpBody();
}
