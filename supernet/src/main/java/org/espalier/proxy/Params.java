package org.espalier.proxy;

/** The number of trainable parameters: the baseline of all proxies. */
record Params() implements Proxy {
  @Override
  public String name() {
    return "params";
  }

  @Override
  public String description() {
    return "number of parameters: the baseline";
  }

  @Override
  public Reading book(Passes passes) {
    return Reading.of(() -> passes.subject().arena().size());
  }
}
