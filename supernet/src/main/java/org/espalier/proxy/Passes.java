package org.espalier.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.espalier.autograd.Observer;
import org.jspecify.annotations.Nullable;

/**
 * The passes over a network that proxies share. Whoever needs one books it; then each runs once,
 * with all who want to look on.
 */
public final class Passes {
  private final Subject subject;
  private final TreeMap<Integer, float[]> lossGradients = new TreeMap<>();
  private final List<Observer> forward = new ArrayList<>();
  private final List<Observer> backward = new ArrayList<>();
  private boolean inputWanted;
  private float[] inputGradient = {};
  private @Nullable Relus relus;

  Passes(Subject subject) {
    this.subject = subject;
  }

  /** The network. */
  public Subject subject() {
    return subject;
  }

  /**
   * Books the gradient of the mean cross-entropy over a batch by all parameters.
   *
   * @param batch which of the subject's
   */
  public Supplier<float[]> lossGradient(int batch) {
    lossGradients.putIfAbsent(batch, new float[0]);
    return () -> lossGradients.getOrDefault(batch, new float[0]);
  }

  /** Books the gradient of the sum of all logits by the first batch's images, of their shape. */
  public Supplier<float[]> inputGradient() {
    inputWanted = true;
    return () -> inputGradient;
  }

  /** Books a look at a forward pass over the first batch. */
  public void onForward(Observer observer) {
    forward.add(observer);
  }

  /** Books a look at the pass of the first batch's loss gradient, there and back. */
  public void onLossGradient(Observer observer) {
    lossGradient(0);
    backward.add(observer);
  }

  /** Books the inputs of all ReLUs in a forward pass over the first batch. */
  public void onRelu(Relus.Listener listener) {
    if (relus == null) {
      relus = new Relus(subject);
      forward.add(relus);
    }
    relus.add(listener);
  }

  void run() {
    boolean looked = forward.isEmpty();
    for (int batch : List.copyOf(lossGradients.keySet())) {
      List<Observer> observers =
          batch == 0 ? Stream.concat(forward.stream(), backward.stream()).toList() : List.of();
      looked |= batch == 0;
      lossGradients.put(batch, subject.lossGradient(subject.batches().get(batch), observers));
    }
    if (inputWanted) {
      inputGradient = subject.inputGradient(subject.images(), looked ? List.of() : forward);
      looked = true;
    }
    if (!looked) {
      subject.forward(subject.images(), forward);
    }
  }
}
