package io.solaster.operator.reconcile.watch;

/** What the operator may do with nodes. */
public enum NodeAccess {
    /** It reads them, and labels them with their topology class and with the services that they are set aside for. */
    Label,
    /** It reads them. Somebody else labels them with their topology class: the status says which and how. */
    Read,
    /** It knows of them by the profiles of a ConfigMap alone: all that it reads lies in namespaces. */
    Declared
}
