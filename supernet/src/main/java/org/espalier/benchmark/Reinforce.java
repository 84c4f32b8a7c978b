package org.espalier.benchmark;

/**
 * REINFORCE (Williams 1992) as NAS-Bench-201 and NATS-Bench run it: independent softmax
 * distributions, one for each choice; Adam; the reward is the validation accuracy in percent less
 * its moving average, which already has the new reward in it.
 *
 * @param learningRate NATS-Bench: 0.01. NAS-Bench-201's documentation has 0.5, its script 0.001
 * @param momentum of the moving average; NAS-Bench-201: 0.9
 */
record Reinforce(double learningRate, double momentum) implements BlackBox {
  private static final double INITIAL = 1e-3;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  @Override
  public String name() {
    return "reinforce";
  }

  @Override
  public String description() {
    return "REINFORCE (Williams 1992): Adam %s, moving baseline %s"
        .formatted(learningRate, momentum);
  }

  @Override
  public void search(Trials trials, Dice dice) {
    int choices = trials.space().choices();
    Policy policy = new Policy(trials.space().positions(), choices, dice);
    double weighted = 0;
    double weight = 0;
    while (true) {
      int[] action = policy.sample(dice);
      double reward = trials.train(action);
      if (Double.isNaN(reward)) {
        return;
      }
      weighted = momentum * weighted + (1 - momentum) * reward;
      weight = momentum * weight + (1 - momentum);
      policy.reinforce(action, reward - weighted / weight, learningRate);
    }
  }

  /** Logits, and Adam's moments of their gradients. */
  private static final class Policy {
    private final double[][] logits;
    private final double[][] first;
    private final double[][] second;
    private int steps;

    Policy(int positions, int choices, Dice dice) {
      logits = new double[positions][choices];
      first = new double[positions][choices];
      second = new double[positions][choices];
      for (double[] row : logits) {
        for (int k = 0; k < choices; k++) {
          row[k] = INITIAL * dice.normal();
        }
      }
    }

    int[] sample(Dice dice) {
      int[] action = new int[logits.length];
      for (int i = 0; i < action.length; i++) {
        double[] p = softmax(logits[i]);
        double left = dice.uniform();
        int k = 0;
        while (k < p.length - 1 && left >= p[k]) {
          left -= p[k++];
        }
        action[i] = k;
      }
      return action;
    }

    /** A step down the loss {@code -advantage * log p(action)}. */
    void reinforce(int[] action, double advantage, double learningRate) {
      steps++;
      for (int i = 0; i < logits.length; i++) {
        double[] p = softmax(logits[i]);
        for (int k = 0; k < p.length; k++) {
          double gradient = -advantage * ((k == action[i] ? 1 : 0) - p[k]);
          first[i][k] = BETA1 * first[i][k] + (1 - BETA1) * gradient;
          second[i][k] = BETA2 * second[i][k] + (1 - BETA2) * gradient * gradient;
          double mean = first[i][k] / (1 - Math.pow(BETA1, steps));
          double scale = Math.sqrt(second[i][k] / (1 - Math.pow(BETA2, steps))) + EPSILON;
          logits[i][k] -= learningRate * mean / scale;
        }
      }
    }

    private static double[] softmax(double[] logits) {
      double max = Double.NEGATIVE_INFINITY;
      for (double logit : logits) {
        max = Math.max(max, logit);
      }
      double[] p = new double[logits.length];
      double sum = 0;
      for (int k = 0; k < p.length; k++) {
        p[k] = Math.exp(logits[k] - max);
        sum += p[k];
      }
      for (int k = 0; k < p.length; k++) {
        p[k] /= sum;
      }
      return p;
    }
  }
}
