"""Create the table of queued mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The first one."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("sender", models.EmailField(max_length=254)),
                ("recipients", models.JSONField()),
                ("subject", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                ("sent", models.DateTimeField(db_index=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
            ],
            options={"ordering": ["pk"]},
        ),
    ]
