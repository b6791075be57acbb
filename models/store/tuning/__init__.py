"""All SQL of tuning but the choosing itself (`models.store.setting_choices`)."""
