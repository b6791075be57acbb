"""Who may call, and how much: API keys, limits of bodies, quotas, the audit."""
