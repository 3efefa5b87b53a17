"""Whether staged lines keep the rules of their suite: findings, rejects, the words of a stop."""
