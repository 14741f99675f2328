package io.solaster.store.command;

import io.solaster.store.shard.Client;

/** Errors that several commands answer with, in Redis's words. */
public final class Errors {
    static final String WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    static final String SYNTAX = "ERR syntax error";
    static final String NOT_INTEGER = "ERR value is not an integer or out of range";
    static final String WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
    static final String CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

    private Errors() {}
}
